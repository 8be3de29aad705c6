"""``personalize-assets deploy``: the Glue job and what belongs to it, put into an AWS account by CloudFormation."""
