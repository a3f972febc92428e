#!/bin/sh
# Copies the night's frames to the mainland.
set -eu

copy_frames() {
    rsync -a /data/frames/ mainland:/archive/frames/
}

copy_frames "$@"
