# For the scripts beside it, each of which becomes one server in the foreground. They
# find in their environment:
#
#   NAME, PROGRAMS       the server's name, and the folder with what was built or
#                        unpacked for it, PROGRAMS/NAME
#   FOLDER               a folder of its own, empty and in memory
#   PORT                 where it listens, at 127.0.0.1
#   FILES                the home of the users `bench` and `bench-sql`
#   USER_ID, GROUP_ID    of both users
#   HASH                 of their password `bench`: SHA-512 with 1,000 rounds
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
program=$PROGRAMS/$NAME

# place FILE...: these files with each @NAME@ replaced, in the server's folder.
place() {
    local file
    for file in "$@"; do
        sed -e "s|@FOLDER@|$FOLDER|g" -e "s|@PORT@|$PORT|g" -e "s|@FILES@|$FILES|g" -e "s|@PROGRAM@|$program|g" \
            -e "s|@USER_ID@|$USER_ID|g" -e "s|@GROUP_ID@|$GROUP_ID|g" -e "s|@HASH@|$HASH|g" \
            "$here/$file" >"$FOLDER/$file"
    done
    chmod 600 "$FOLDER"/users* 2>/dev/null || true
}

# The users' file, and the database with the user that is in SQL alone. SQLite
# wants to write beside the database, as the server's User.
place_users() {
    place users users.sql
    mkdir -m 755 "$FOLDER/sql"
    sqlite3 "$FOLDER/sql/users.db" <"$FOLDER/users.sql"
    chmod 644 "$FOLDER/sql/users.db"
    chown -R nobody:nogroup "$FOLDER/sql"
}

# Lets programs of unpacked packages find libraries that were unpacked with them.
use_unpacked_libraries() {
    LD_LIBRARY_PATH=$(find "$program" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
    export LD_LIBRARY_PATH
}
