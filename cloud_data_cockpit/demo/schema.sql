-- The tables of the demo service. Keys are BLOBs, so SQLite compares them as S3 does: by UTF-8 bytes.
CREATE TABLE IF NOT EXISTS buckets(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE NOT NULL,
  created REAL NOT NULL,
  versioning TEXT NOT NULL DEFAULT '',
  acl TEXT NOT NULL DEFAULT 'private'
);
CREATE TABLE IF NOT EXISTS settings(
  bucket INTEGER NOT NULL, name TEXT NOT NULL, document BLOB NOT NULL,
  PRIMARY KEY (bucket, name)
) WITHOUT ROWID;
-- One row a version; ids grow, so a larger id is a newer version. "null" names the version of unversioned buckets.
CREATE TABLE IF NOT EXISTS versions(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  bucket INTEGER NOT NULL, key BLOB NOT NULL, version TEXT NOT NULL, latest INTEGER NOT NULL, marker INTEGER NOT NULL,
  size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
  headers TEXT NOT NULL, tags TEXT NOT NULL, acl TEXT NOT NULL, checksum TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS current ON versions(bucket, key) WHERE latest = 1;
CREATE INDEX IF NOT EXISTS history ON versions(bucket, key, id);
-- The bytes of a version: one piece, or one for every part of a multipart upload.
CREATE TABLE IF NOT EXISTS pieces(
  owner INTEGER NOT NULL, number INTEGER NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
  file TEXT NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (owner, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS piece_files ON pieces(file);
-- Archived versions that were asked back: readable from `ready` to `until`.
CREATE TABLE IF NOT EXISTS restores(owner INTEGER PRIMARY KEY, ready REAL NOT NULL, until REAL NOT NULL);
CREATE TABLE IF NOT EXISTS uploads(
  id TEXT PRIMARY KEY, bucket INTEGER NOT NULL, key BLOB NOT NULL, started REAL NOT NULL,
  headers TEXT NOT NULL, tags TEXT NOT NULL, acl TEXT NOT NULL, checksum TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_by_key ON uploads(bucket, key, id);
CREATE TABLE IF NOT EXISTS parts(
  upload TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, modified REAL NOT NULL,
  file TEXT NOT NULL, checksum TEXT NOT NULL,
  PRIMARY KEY (upload, number)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS part_files ON parts(file);
