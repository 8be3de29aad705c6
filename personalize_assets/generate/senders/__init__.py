"""The events of the synthetic shop, sent to a running service: Segment, RudderStack, Firehose, Kinesis or a URL.

``messages`` makes of an event what a service takes, ``batching`` joins messages within its limits, a ``target`` puts a
batch (``http_api``, ``streams``, ``dry_run``), ``attempts`` tries again, ``state`` remembers what was accepted,
``sending`` runs all this, ``command`` is the command ``send``.
"""
