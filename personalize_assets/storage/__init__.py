"""Files of a folder or bucket, and what is stored below the destination."""
