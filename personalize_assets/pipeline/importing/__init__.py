"""Imports of exports into Amazon Personalize: what is set up, what is sent, and what is waited for."""
