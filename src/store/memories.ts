import { canonical, hash } from '../json.ts'
import type { Connection } from './connection.ts'

/** Something that an agent noted for later runs of its team. */
interface Memory extends NewMemory {
  readonly id: number
}

interface NewMemory {
  readonly text: string
  readonly tags: readonly string[]
  /** Who noted it, in which run, and when, in milliseconds since the epoch. */
  readonly agent: string
  readonly run: string
  readonly at: number
}

interface MemoryQuery {
  /** Found are notes with any of the words; those that fit best come first. Without words, the newest. */
  readonly words?: string
  /** Only notes that have all of these. */
  readonly tags?: readonly string[]
  readonly limit: number
}

/** A team is known by the folder of its file and by its name. */
export interface TeamName {
  readonly root: string
  readonly name: string
}

/** What the agents of a team remember, in all runs of the store. No team sees what another one noted. */
export interface Memories {
  /** The same text is one note, whoever writes it: it is as new as the last time, with the tags of then. */
  keep(team: TeamName, memory: NewMemory): Promise<{ readonly id: number; readonly isNew: boolean }>
  find(team: TeamName, query: MemoryQuery): Promise<readonly Memory[]>
  /** Whether there was such a note. */
  forget(team: TeamName, id: number): Promise<boolean>
}

/** Notes of one team; the oldest go. */
const MOST_NOTES = 10_000
/** Words of a query that are looked for. */
const MOST_WORDS = 32

const COLUMNS = 'm.id, m.text, m.tags, m.agent, m.run, m.at'
const HAS_TAGS = `NOT EXISTS (
  SELECT 1 FROM json_each(:tags) AS wanted WHERE wanted.value NOT IN (SELECT value FROM json_each(m.tags)))`

export function createMemories({ database, read, write }: Connection, mostNotes = MOST_NOTES): Memories {
  const known = database.prepare('SELECT id FROM memories WHERE team = :team AND hash = :hash').pluck()
  const insert = database.prepare(
    `INSERT INTO memories (team, hash, text, tags, agent, run, at)
     VALUES (:team, :hash, :text, :tags, :agent, :run, :at)`,
  )
  const renew = database.prepare(
    'UPDATE memories SET tags = :tags, agent = :agent, run = :run, at = :at WHERE id = :id',
  )
  const dropMany = database.prepare(
    `DELETE FROM memories WHERE id IN (
       SELECT id FROM memories WHERE team = :team ORDER BY at DESC, id DESC LIMIT -1 OFFSET :mostNotes)`,
  )
  const newest = database.prepare(
    `SELECT ${COLUMNS} FROM memories AS m WHERE m.team = :team AND ${HAS_TAGS}
     ORDER BY m.at DESC, m.id DESC LIMIT :limit`,
  )
  const matching = database.prepare(
    `SELECT ${COLUMNS} FROM memory_words JOIN memories AS m ON m.id = memory_words.rowid
     WHERE memory_words MATCH :match AND m.team = :team AND ${HAS_TAGS}
     ORDER BY bm25(memory_words), m.at DESC, m.id DESC LIMIT :limit`,
  )
  const containing = database.prepare(
    `SELECT ${COLUMNS} FROM memories AS m
     WHERE m.team = :team AND instr(lower(m.text), lower(:part)) > 0 AND ${HAS_TAGS}
     ORDER BY m.at DESC, m.id DESC LIMIT :limit`,
  )
  const forget = database.prepare('DELETE FROM memories WHERE team = :team AND id = :id')
  return {
    async keep(whose, { text, tags, agent, run, at }) {
      const team = keyOf(whose)
      return write(() => {
        const values = { team, hash: hash(text), tags: JSON.stringify(tags), agent, run, at }
        const id = known.get(values) as number | undefined
        if (id !== undefined) {
          renew.run({ ...values, id })
          return { id, isNew: false }
        }
        const { lastInsertRowid } = insert.run({ ...values, text })
        dropMany.run({ team, mostNotes })
        return { id: Number(lastInsertRowid), isNew: true }
      })
    },
    async find(whose, { words = '', tags = [], limit }) {
      const about = { team: keyOf(whose), tags: JSON.stringify(tags), limit }
      return read(() => {
        const part = words.trim()
        if (part === '') return (newest.all(about) as Row[]).map(toMemory)
        const match = matchFor(part)
        const found = match === '' ? [] : (matching.all({ ...about, match }) as Row[])
        // What is written without spaces is one long word for the index.
        const rows = found.length > 0 ? found : (containing.all({ ...about, part }) as Row[])
        return rows.map(toMemory)
      })
    },
    async forget(whose, id) {
      return write(() => forget.run({ team: keyOf(whose), id }).changes === 1)
    },
  }
}

function keyOf({ root, name }: TeamName): string {
  return canonical([root, name])
}

/** Any of the words, each in quotes: whatever stands in a query, nothing of it is syntax. */
function matchFor(query: string): string {
  const words = query.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []
  return [...new Set(words)]
    .slice(0, MOST_WORDS)
    .map(word => `"${word}"`)
    .join(' OR ')
}

interface Row extends Omit<Memory, 'tags'> {
  readonly tags: string
}

function toMemory({ tags, ...row }: Row): Memory {
  return { ...row, tags: JSON.parse(tags) }
}
