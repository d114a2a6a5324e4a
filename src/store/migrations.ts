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
  `
  -- Who fails again and again, in all runs. Closed again: no row.
  CREATE TABLE breakers (
    name        TEXT PRIMARY KEY,
    failures    INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    hint        TEXT,
    -- While it is open: for how many milliseconds, and until when. Then somebody tries, for all.
    cooldown    INTEGER,
    open_until  INTEGER,
    tried_until INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- What endpoints are asked for in a minute, by all processes together.
  CREATE TABLE rates (
    endpoint TEXT NOT NULL,
    resource TEXT NOT NULL,
    -- Theoretical arrival time of the next unit, in milliseconds since the epoch.
    arrival  REAL NOT NULL,
    -- The most in a minute, as the provider says.
    learned  INTEGER,
    PRIMARY KEY (endpoint, resource)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pauses (endpoint TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  -- Calls that are under way, where only so many may be.
  CREATE TABLE slots (id INTEGER PRIMARY KEY, endpoint TEXT NOT NULL, expires INTEGER NOT NULL) STRICT;
  CREATE INDEX slots_by_endpoint ON slots (endpoint);
  -- Processes that wait for an endpoint, in the order in which they came.
  CREATE TABLE tickets (id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT NOT NULL, seen INTEGER NOT NULL) STRICT;
  `,
  `
  -- Answers of agents that may be kept, by all that they depend on.
  CREATE TABLE answers (
    key          TEXT PRIMARY KEY,
    -- Whose answers are counted together.
    owner        TEXT NOT NULL,
    run          TEXT NOT NULL,
    at           INTEGER NOT NULL,
    -- When it is dropped in any case.
    until        INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,
    output       TEXT NOT NULL,
    -- What it took to get it; the price may be unknown.
    tokens       INTEGER NOT NULL,
    usd          REAL,
    milliseconds INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX answers_by_owner ON answers (owner, at);
  CREATE INDEX answers_by_age ON answers (at, bytes);
  CREATE INDEX answers_by_end ON answers (until);
  `,
  `
  -- The most that calls under way can cost, where a budget of the day is in force, in all processes together.
  CREATE TABLE reservations (
    run     TEXT NOT NULL,
    -- Of the step that the call is.
    key     TEXT NOT NULL,
    -- US dollars in millionths of millionths.
    usd     INTEGER NOT NULL,
    tokens  INTEGER NOT NULL,
    -- When the call is over at the latest, in milliseconds since the epoch: its process may be gone.
    expires INTEGER NOT NULL,
    PRIMARY KEY (run, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Besides answers: words for agents, and what is to become of the run as a whole.
  ALTER TABLE signals ADD COLUMN kind TEXT NOT NULL DEFAULT 'answer';
  -- The way by which it came, and a hash of what the person was shown.
  ALTER TABLE signals ADD COLUMN via TEXT;
  ALTER TABLE signals ADD COLUMN saw TEXT;
  `,
  `
  -- What agents of a team noted for later runs.
  CREATE TABLE memories (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    -- What the team is known by in all runs.
    team  TEXT NOT NULL,
    hash  TEXT NOT NULL,
    text  TEXT NOT NULL,
    -- A JSON array.
    tags  TEXT NOT NULL,
    agent TEXT NOT NULL,
    run   TEXT NOT NULL,
    at    INTEGER NOT NULL,
    UNIQUE (team, hash)
  ) STRICT;
  CREATE INDEX memories_by_age ON memories (team, at, id);
  CREATE VIRTUAL TABLE memory_words USING fts5(
    text, tags, content = 'memories', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');
  CREATE TRIGGER memory_kept AFTER INSERT ON memories BEGIN
    INSERT INTO memory_words (rowid, text, tags) VALUES (new.id, new.text, new.tags);
  END;
  CREATE TRIGGER memory_dropped AFTER DELETE ON memories BEGIN
    INSERT INTO memory_words (memory_words, rowid, text, tags) VALUES ('delete', old.id, old.text, old.tags);
  END;
  CREATE TRIGGER memory_changed AFTER UPDATE OF text, tags ON memories BEGIN
    INSERT INTO memory_words (memory_words, rowid, text, tags) VALUES ('delete', old.id, old.text, old.tags);
    INSERT INTO memory_words (rowid, text, tags) VALUES (new.id, new.text, new.tags);
  END;
  `,
  `
  -- The run that it was forked from: while a fork is not over, it may still take something over from there.
  ALTER TABLE runs ADD COLUMN parent TEXT;
  CREATE INDEX runs_by_parent ON runs (parent) WHERE parent IS NOT NULL;
  -- From when on a run that waits can go on: a timer or a question is over, or somebody has answered.
  ALTER TABLE runs ADD COLUMN due INTEGER;
  CREATE INDEX runs_by_due ON runs (due) WHERE due IS NOT NULL;
  -- Of those that wait already nobody has noted it: they find out.
  UPDATE runs SET due = 0 WHERE state = 'waiting';
  CREATE INDEX runs_stopped ON runs (created_at) WHERE state IN ('running', 'interrupted');
  `,
  `
  -- Of the process that holds the lease: since when its machine is up, and which of all processes with its pid it is; and
  -- when its heart last beat, on the clock of that machine that nobody sets. Null where that cannot be known.
  ALTER TABLE runs ADD COLUMN boot TEXT;
  ALTER TABLE runs ADD COLUMN born TEXT;
  ALTER TABLE runs ADD COLUMN pulse INTEGER;
  -- Of a run that came from another store: its last event there. What it had spent is no bill of this store.
  ALTER TABLE runs ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;

  -- What people call runs by; crew gc keeps these runs.
  CREATE TABLE tags (run TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (run, tag)) STRICT, WITHOUT ROWID;

  -- Runs that were removed and had cost something: their bills stay.
  CREATE TABLE removed (id TEXT PRIMARY KEY, team TEXT NOT NULL) STRICT, WITHOUT ROWID;
  -- Whose bills count: rehearsals cost nothing.
  CREATE VIEW billed AS SELECT id, team FROM runs WHERE rehearsal = 0 UNION ALL SELECT id, team FROM removed;
  `,
]
