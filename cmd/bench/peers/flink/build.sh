#!/bin/sh
# Builds the peer and copies the jars that it needs into the user's cache folder, and prints the folder.
set -eu
cd "$(dirname "$0")"
folder=${XDG_CACHE_HOME:-$HOME/.cache}/dwell/bench/flink
for tool in java mvn; do
	command -v "$tool" >/dev/null || { echo "build.sh: $tool is missing: install Java 17 and Maven" >&2; exit 1; }
done
rm -rf "$folder"
mvn -q -B -f pom.xml -Dfolder="$folder" package >&2
echo "$folder"
