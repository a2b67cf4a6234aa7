CREATE TABLE users (userid TEXT PRIMARY KEY, passwd TEXT, uid INTEGER, gid INTEGER, homedir TEXT, shell TEXT);
INSERT INTO users VALUES ('bench-sql', '@HASH@', @USER_ID@, @GROUP_ID@, '@FILES@', '/bin/sh');
