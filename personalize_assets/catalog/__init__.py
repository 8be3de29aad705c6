"""What raw files hold, read from their heads, and its description for Athena. No Spark."""
