#!/bin/sh
# Installs the pinned libchdb for this machine into the user's cache folder, once, and prints its path on the last line.
#
# npm fetches the package and compares it with the integrity hash in package-lock.json. For a platform without a hash there
# the person who runs it gives one, in LIBCHDB_INTEGRITY: what a registry states proves nothing about what it sends. Several
# may run at once: each works in a folder of its own and renames the finished file into place.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)

fail() {
	echo "libchdb: $1" >&2
	exit 1
}

case "$(uname -s)/$(uname -m)" in
Linux/x86_64) platform=linux-x64-gnu ;;
Linux/aarch64 | Linux/arm64) platform=linux-arm64-gnu ;;
Darwin/x86_64) platform=darwin-x64 ;;
Darwin/arm64) platform=darwin-arm64 ;;
*) fail "no ClickHouse engine is published for $(uname -s)/$(uname -m); run dwell against a ClickHouse server instead" ;;
esac
package=@chdb/lib-$platform

version=$(sed -n "s|^ *\"$package\": \"\([^\"]*\)\".*|\1|p" "$here/package.json")
[ -n "$version" ] || fail "$here/package.json does not name $package"
integrity=$(sed -n "\|\"node_modules/$package\"|,\|^    }|s|^ *\"integrity\": \"\([^\"]*\)\".*|\1|p" "$here/package-lock.json")
given=
if [ -z "$integrity" ]; then
	given=${LIBCHDB_INTEGRITY:-}
	integrity=$given
	case "$integrity" in
	sha512-*[!A-Za-z0-9+/=]*) fail "LIBCHDB_INTEGRITY is not a hash such as sha512-XP97mM...==" ;;
	sha512-?*) ;;
	*) fail "package-lock.json has no hash of $package $version; compare 'npm view $package@$version dist.integrity' with a source that you trust, and set LIBCHDB_INTEGRITY to it" ;;
	esac
fi

case "$(uname -s)" in
Darwin) cache=$HOME/Library/Caches ;;
*) cache=${XDG_CACHE_HOME:-$HOME/.cache} ;;
esac
folder=$cache/dwell/libchdb-$version
library=$folder/libchdb.so
stamp="$package $version $integrity"

if [ -s "$library" ] && [ "$(cat "$folder/fetched" 2>/dev/null)" = "$stamp" ]; then
	echo "$library"
	exit 0
fi

command -v npm >/dev/null 2>&1 || fail "npm is missing: install Node.js (which brings npm), then run 'make setup' again"

mkdir -p "$cache/dwell"
work=$(mktemp -d "$cache/dwell/fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

echo "libchdb: fetching $package $version, about 180 MB, once for this machine"
cp "$here/package.json" "$work/"
sed "\|\"node_modules/$package\"|,\|^    }|s|^\( *\)\"version\":|\1${given:+\"integrity\": \"$given\", }\"version\":|" "$here/package-lock.json" >"$work/package-lock.json"
(cd "$work" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$work/npm.log" 2>&1 || {
	cat "$work/npm.log" >&2
	fail "npm could not fetch $package $version"
}
fetched=$work/node_modules/$package
[ -s "$fetched/libchdb.so" ] || fail "npm installed no $package $version: it is not served here, its hash is not the one in package-lock.json, or this system has no glibc"
got=$(sed -n 's|^ *"version": "\([^"]*\)".*|\1|p' "$fetched/package.json")
[ "$got" = "$version" ] || fail "npm fetched $package $got, but $version is pinned"

# The stamp comes last: a folder with a stamp is whole.
echo "$stamp" >"$work/fetched"
mkdir -p "$folder"
mv -f "$fetched/libchdb.so" "$library"
mv -f "$work/fetched" "$folder/fetched"
echo "$library"
