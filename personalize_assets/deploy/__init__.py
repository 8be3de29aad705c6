"""``personalize-assets deploy``: the Glue job and what it needs, put into an AWS account as a CloudFormation stack."""
