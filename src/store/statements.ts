import type Database from 'better-sqlite3'

/** The runs that a query is about: read by their age as far as they are wanted, however many there are. */
const MEANT = '(:team IS NULL OR team = :team) AND created_at >= :since'

/** Every statement of the store, prepared once. */
export function prepare(database: Database.Database) {
  return {
    insertRun: database.prepare(
      `INSERT INTO runs (id, team, path, rehearsal, parent, created_at, updated_at, state, epoch, host, pid, boot, born,
         heartbeat, pulse)
       VALUES (:id, :team, :path, :rehearsal, :parent, :now, :now, 'running', :epoch, :host, :pid, :boot, :born, :now,
         :uptime)`,
    ),
    run: database.prepare('SELECT * FROM runs WHERE id = ?'),
    runs: database.prepare(
      `SELECT * FROM runs WHERE ${MEANT} ORDER BY created_at DESC, id DESC LIMIT :limit`,
    ),
    runsNamed: database.prepare(
      `SELECT * FROM runs WHERE id >= :from AND id < :to AND ${MEANT} ORDER BY created_at DESC, id DESC LIMIT :limit`,
    ),
    openRuns: database.prepare(
      `SELECT * FROM runs WHERE ${MEANT} AND (state IN ('running', 'waiting')
         OR id IN (SELECT id FROM runs WHERE ${MEANT} ORDER BY created_at DESC, id DESC LIMIT :limit))
       ORDER BY created_at DESC, id DESC`,
    ),
    stoppedRuns: database.prepare(
      `SELECT * FROM runs WHERE state IN ('running', 'interrupted') ORDER BY created_at DESC, id DESC`,
    ),
    dueRuns: database.prepare('SELECT * FROM runs WHERE due < ? ORDER BY due, id'),
    acquire: database.prepare(
      `UPDATE runs SET epoch = :epoch, host = :host, pid = :pid, boot = :boot, born = :born, heartbeat = :now,
         pulse = :uptime
       WHERE id = :run`,
    ),
    advance: database.prepare(
      `UPDATE runs SET tokens = tokens + :tokens, usd = usd + :usd, unpriced = max(unpriced, :unpriced),
         updated_at = :now, heartbeat = :now, pulse = :uptime
       WHERE id = :run AND epoch = :epoch`,
    ),
    // Apart from what every commit does: whatever names a column of an index has its pages written.
    enterState: database.prepare('UPDATE runs SET state = :state, stop = :stop, due = :due WHERE id = :run'),
    beat: database.prepare(
      'UPDATE runs SET heartbeat = :now, pulse = :uptime WHERE id = :run AND epoch = :epoch',
    ),
    release: database.prepare('UPDATE runs SET host = NULL, pid = NULL WHERE id = :run AND epoch = :epoch'),
    lastSeq: database.prepare('SELECT max(seq) FROM events WHERE run = ?').pluck(),
    insertEvent: database.prepare(
      'INSERT INTO events (run, seq, at, type, data, refs) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    insertSpending: database.prepare(
      `INSERT INTO spending (run, seq, at, agent, model, input, output, cached, usd, estimated)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    events: database
      .prepare('SELECT seq, at, type, data, refs FROM events WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?')
      .raw(),
    clearEvents: database.prepare('DELETE FROM events WHERE run = ?'),
    renameBills: database.prepare('UPDATE spending SET run = ? WHERE run = ?'),
    renameRemoved: database.prepare('UPDATE removed SET id = ? WHERE id = ?'),
    adoptRun: database.prepare(
      `INSERT INTO runs (id, team, path, rehearsal, parent, created_at, updated_at, state, stop, due, tokens, usd,
         unpriced, epoch, heartbeat, imported)
       VALUES (:id, :team, :path, :rehearsal, :parent, :createdAt, :updatedAt, :state, :stop, :due, :tokens, :usd,
         :unpriced, :epoch, 0, :imported)`,
    ),
    insertPayload: database.prepare('INSERT OR IGNORE INTO payloads (hash, json) VALUES (?, ?)'),
    payloadId: database.prepare('SELECT id FROM payloads WHERE hash = ?').pluck(),
    payload: database.prepare('SELECT json FROM payloads WHERE id = ?').pluck(),
    signal: database.prepare(
      `INSERT INTO signals (run, kind, key, value, sent_by, at, via, saw)
       SELECT :run, :kind, :key, :value, :by, :at, :via, :saw
       WHERE :kind <> 'answer' OR NOT EXISTS
         (SELECT 1 FROM signals WHERE run = :run AND kind = 'answer' AND key = :key)`,
    ),
    // Whoever waits for an answer can go on once there is one.
    noteAnswer: database.prepare(
      // What a run waits for stands where it says that it does: an alert may have come after that.
      `UPDATE runs SET due = 0 WHERE id = :run AND state = 'waiting'
         AND EXISTS (SELECT 1 FROM signals
           WHERE run = :run AND kind = 'answer' AND signals.key IN (
             SELECT value FROM json_each((
               SELECT coalesce(data -> '$.on', (SELECT json FROM payloads WHERE id = refs ->> '$.on'))
               FROM events WHERE run = :run AND type = 'run.waiting' ORDER BY seq DESC LIMIT 1))))`,
    ),
    signals: database.prepare(
      'SELECT id, kind, key, value, sent_by AS by, at, via, saw FROM signals WHERE run = ? AND id > ? ORDER BY id',
    ),
  }
}
