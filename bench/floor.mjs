/**
 * The least that a durable run can cost: each step is one HTTP request whose answer is read to its end, and one commit
 * that is on disk before the next step begins. No validation, no retries, no journal to speak of.
 *
 *   node bench/floor.mjs BASE_URL DATABASE STEPS CONCURRENCY
 */
import { Agent, request } from 'node:http'
import Database from 'better-sqlite3'

const [baseUrl, path, steps, concurrency] = process.argv.slice(2)
const address = new URL(`${baseUrl}/chat/completions`)
const agent = new Agent({ keepAlive: true })
const headers = { 'content-type': 'application/json', authorization: 'Bearer none' }

const database = new Database(path)
database.pragma('journal_mode = WAL')
database.pragma('synchronous = FULL')
database.exec('CREATE TABLE steps (key INTEGER PRIMARY KEY, output TEXT NOT NULL)')
const insert = database.prepare('INSERT INTO steps (key, output) VALUES (?, ?)')

function ask(content) {
  const messages = [{ role: 'user', content }]
  const body = JSON.stringify({ model: 'mock', messages, stream: true })
  return new Promise((resolve, reject) => {
    request(address, { method: 'POST', headers, agent }, response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => {
        text += chunk
      })
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end(body)
  })
}

let next = 0

async function work() {
  while (next < Number(steps)) {
    next += 1
    const key = next
    insert.run(key, await ask(`Do step ${key}.`))
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, work))
database.close()
