#!/bin/sh
# What a container does: `web`, `worker`, `metrics`, `watch` and `backups` go on; all else is a command of `campaign`.
set -eu

case ${1:-web} in
    web)
        shift || true
        exec campaign web --host 0.0.0.0 "$@"
        ;;
    metrics)
        exec campaign metrics --host 0.0.0.0
        ;;
    watch)
        # Without the background service, nothing else would tell admins that it has stopped.
        while true; do
            campaign watch || true
            sleep 600 &
            wait $!
        done
        ;;
    backups)
        # One a day; those that are older than BACKUP_DAYS are deleted.
        while true; do
            campaign backup "/srv/campaign/backups/$(date -u +%Y-%m-%dT%H%M%SZ).zip"
            find /srv/campaign/backups -name '*.zip' -mtime "+${BACKUP_DAYS:-30}" -delete
            sleep 86400 &
            wait $!
        done
        ;;
    *)
        exec campaign "$@"
        ;;
esac
