#!/bin/sh
# Pins what a fresh environment takes today, for `make install`. torch stays where it is pinned here.
set -eu
TORCH=2.13.0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install --quiet "torch==$TORCH" hatchling editables ".[dev]"
{
    echo "# Made by \`make lock\`; read by \`make install\`."
    "$folder/bin/pip" freeze --exclude gansearch | sed "s/^torch==.*/torch==$TORCH/"
} > requirements.lock.new
mv requirements.lock.new requirements.lock
