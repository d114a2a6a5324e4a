/**
 * The schema, as numbered steps that are only ever added to. `user_version` of the file says how many were taken.
 * Each is applied in a transaction of its own.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id         TEXT PRIMARY KEY,
    team       TEXT NOT NULL,
    path       TEXT NOT NULL,
    rehearsal  INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- What follows is folded from the events and kept here so that a list of runs need not read them.
    state      TEXT NOT NULL,
    stop       TEXT,
    updated_at INTEGER NOT NULL,
    tokens     INTEGER NOT NULL DEFAULT 0,
    usd        REAL NOT NULL DEFAULT 0,
    unpriced   INTEGER NOT NULL DEFAULT 0,
    -- The lease: who may write. A commit must name the epoch that it finds here.
    epoch      INTEGER NOT NULL,
    host       TEXT,
    pid        INTEGER,
    heartbeat  INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX runs_by_age ON runs (created_at DESC);

  CREATE TABLE events (
    run  TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    at   INTEGER NOT NULL,
    type TEXT NOT NULL,
    -- The fact as JSON, without its type. Large fields are left out and named in refs: {"output": <payload id>}.
    data TEXT NOT NULL,
    refs TEXT,
    PRIMARY KEY (run, seq)
  ) STRICT, WITHOUT ROWID;

  -- Large values, each stored once whatever refers to it.
  CREATE TABLE payloads (
    id   INTEGER PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    json TEXT NOT NULL
  ) STRICT;

  -- Words from outside to a run: answers to its questions. Written by any process, read by the owner of the run.
  CREATE TABLE signals (
    id    INTEGER PRIMARY KEY,
    run   TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    sent_by TEXT NOT NULL,
    at    INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX signals_by_run ON signals (run, id);
  `,
  `
  -- What every call cost: folded from the events, in the same transaction. The bills of days are read from here.
  CREATE TABLE spending (
    run       TEXT NOT NULL,
    seq       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    agent     TEXT,
    model     TEXT,
    input     INTEGER NOT NULL,
    output    INTEGER NOT NULL,
    cached    INTEGER NOT NULL,
    -- Null when the price is unknown.
    usd       REAL,
    estimated INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX spending_by_time ON spending (at);
  INSERT INTO spending (run, seq, at, model, input, output, cached, usd, estimated)
    SELECT run, seq, at, data ->> '$.model', data ->> '$.spent.input', data ->> '$.spent.output',
           data ->> '$.spent.cached', data ->> '$.spent.usd', coalesce(data ->> '$.spent.estimated', 0)
    FROM events WHERE data ->> '$.spent.input' IS NOT NULL;
  `,
]
