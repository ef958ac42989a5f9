#!/usr/bin/env bash
# Builds images/NAME/Dockerfile for every NAME given, as [REGISTRY/]longtake/python-NAME:VERSION, and says its size.
# Settings, in the environment, all optional:
#   ENGINE       docker, podman or buildah; else the first that answers
#   ENGINE_ARGS  more options of `ENGINE build`
#   PLATFORM     what nodes are; else linux/amd64, which the pinned versions are for
#   BASE         image with Python 3.11 to build on, best by digest
#   TORCH_INDEX  index with another build of torch than the public one's, which is for CUDA
#   PIP_CONF     a pip.conf for the build alone: mounted as a secret, never in a layer
#   SOURCE       address of the code, for the label
#   REGISTRY     prefix of the names;  PUSH=1 pushes them
set -euo pipefail
cd "$(dirname "$0")/.."

bound_mb() { # NAME -> what it may have: every new node pulls it before its first step begins
    case "$1" in media) echo 900 ;; *) echo 8000 ;; esac
}

find_engine() {
    for engine in ${ENGINE:-docker podman buildah}; do
        if "$engine" info >/dev/null 2>&1; then
            echo "$engine"
            return
        fi
    done
    echo "images: no answer from ${ENGINE:-docker, podman or buildah}: install or start one, or name it with ENGINE=" >&2
    exit 20
}

build() { # NAME TAG
    local options=()
    for key in BASE TORCH_INDEX; do
        if [ -n "${!key:-}" ]; then options+=(--build-arg "$key=${!key}"); fi
    done
    if [ -n "${PIP_CONF:-}" ]; then options+=(--secret "id=pip.conf,src=$PIP_CONF"); fi
    # shellcheck disable=SC2086 # options, by words
    "$engine" build --platform "$platform" ${ENGINE_ARGS:-} ${options[@]+"${options[@]}"} \
        --build-arg VERSION="$version" \
        --build-arg REVISION="$(git describe --always --dirty --abbrev=40 --exclude='*' 2>/dev/null || true)" \
        --build-arg SOURCE="${SOURCE:-}" \
        --build-arg CREATED="$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        --file "images/$1/Dockerfile" --tag "$2" .
}

measure_mb() { # TAG -> all that is unpacked on a node, the base included
    if [ "$(basename "$engine")" = docker ]; then # whose own figure may be of what is packed
        "$engine" run --rm --platform "$platform" --user 0 --network none "$1" du -sx --apparent-size --block-size=MB / | awk '{ print int($1) }'
    else
        "$engine" images --format '{{.Size}}' "$1" | awk '{ print int($1 * ($2 == "GB" ? 1000 : 1)) }'
    fi
}

engine=$(find_engine)
platform=${PLATFORM:-linux/amd64}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
for name in "$@"; do
    tag="${REGISTRY:+$REGISTRY/}longtake/python-$name:$version"
    build "$name" "$tag"
    size_mb=$(measure_mb "$tag")
    echo "$tag: $size_mb MB"
    if [ "$size_mb" -gt "$(bound_mb "$name")" ]; then
        echo "images: $tag may have $(bound_mb "$name") MB at most: leave out what its steps do not open" >&2
        exit 1
    fi
    if [ "${PUSH:-}" = 1 ]; then "$engine" push "$tag"; fi
done
