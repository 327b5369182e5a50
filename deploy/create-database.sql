-- Run once by the PostgreSQL container, when its volume is empty: Cambrian's own role, which is no superuser, and its
-- database.
\set password `cat "$CAMBRIAN_DATABASE_PASSWORD_FILE"`
CREATE ROLE cambrian LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE cambrian OWNER cambrian;
REVOKE ALL ON DATABASE cambrian FROM PUBLIC;
