#!/bin/sh
# Runs the peer that build.sh has built. JAVA_OPTIONS takes the place of the JVM's options below.
set -eu
folder=${XDG_CACHE_HOME:-$HOME/.cache}/dwell/bench/kafka-streams
[ -d "$folder/jars" ] || { echo "run.sh: nothing in $folder: run build.sh first" >&2; exit 1; }
# shellcheck disable=SC2086 # options are words
exec java ${JAVA_OPTIONS:--Xms2g -Xmx2g -XX:+UseParallelGC} -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
	-cp "$folder/classes:$folder/jars/*" dwell.bench.streams.Main "$@"
