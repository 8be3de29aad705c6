"""The texts of a new project's files, apart from its config."""

ENV = """\
# Remove the # from the lines you need. `personalize-assets dev` and `dagster dev` read this file; for other commands:
#   set -a; . ./.env; set +a

# The secret key of columns with `hash: true`, at least 16 characters; `openssl rand -hex 32` makes one.
# PERSONALIZE_HASH_KEY=

# Any value of the config: its keys in capitals, joined by two underscores.
# PERSONALIZE__SOURCE__URI=s3://my-bucket/events

# Receives a message for each failed run, as JSON that Slack's incoming webhooks accept.
# ALERT_WEBHOOK_URL=https://hooks.slack.com/services/T000/B000/secret

# Only for s3:// and Amazon Personalize.
# AWS_PROFILE=default
# AWS_DEFAULT_REGION=eu-central-1
"""

GITIGNORE = """\
.env
.dagster/
.tmp_dagster_home_*/
__pycache__/
/data/
/sent/
"""

DEFINITIONS = '''\
"""What Dagster shows of this project: the dataset group of personalize.yaml."""

import os
from pathlib import Path

import dagster as dg

from personalize_assets.config import load_config
from personalize_assets.definitions import build_definitions

config = load_config(Path(__file__).with_name("personalize.yaml"), os.environ)
# One process a run: its steps share what is started once, as Spark.
defs = dg.Definitions.merge(build_definitions(config), dg.Definitions(executor=dg.in_process_executor))
'''

WORKSPACE = """\
# For `dagster dev` in this folder.
load_from:
  - python_file: {relative_path: definitions.py, location_name: personalize_assets}
"""
