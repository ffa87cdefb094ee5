#!/bin/sh
# Runs one of the peers that build.sh has built: run.sh datastream|sql --brokers ... JAVA_OPTIONS takes the place of the
# JVM's options below.
set -eu
folder=${XDG_CACHE_HOME:-$HOME/.cache}/dwell/bench/flink
[ -d "$folder/jars" ] || { echo "run.sh: nothing in $folder: run build.sh first" >&2; exit 1; }
case ${1-} in
datastream) main=DataStreamMain heap=2g ;;
sql) main=SqlMain heap=4g ;;
*) echo "run.sh: neither datastream nor sql: \"${1-}\"" >&2; exit 1 ;;
esac
shift
# shellcheck disable=SC2086 # options are words
exec java ${JAVA_OPTIONS:--Xms$heap -Xmx$heap -XX:+UseParallelGC} \
	--add-opens=java.base/java.util=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED \
	-Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp "$folder/classes:$folder/jars/*" "dwell.bench.flink.$main" "$@"
