#!/bin/sh
# Copies the jars of Apache Kafka and of what it needs into the user's cache folder, once, and prints the folder.
set -eu
cd "$(dirname "$0")"
version=$(sed -n 's|^  <version>\(.*\)</version>|\1|p' pom.xml)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/dwell/kafka-$version
if [ ! -d "$folder" ]; then
	for tool in java mvn; do
		command -v "$tool" >/dev/null || { echo "fetch.sh: $tool is missing: install Java 17 and Maven, which the tests over Apache Kafka need" >&2; exit 1; }
	done
	echo "fetching Apache Kafka $version into $folder" >&2
	part=$folder.$$
	trap 'rm -rf "$part"' EXIT
	mvn -q -B -f pom.xml org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies \
		-DincludeScope=runtime -DoutputDirectory="$part" >&2
	mv "$part" "$folder"
fi
echo "$folder"
