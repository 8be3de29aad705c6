"""Raw click events in S3 or a folder, turned into the CSV files Amazon Personalize trains on."""
