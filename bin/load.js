/**
 * Loads the chunks that scripts/build.mjs makes, and keeps what V8 made of each beside it, as CHUNK.cache: to compile them
 * takes longer than all that a short run does. Who may write there may replace the chunk as well, so this asks for no new
 * trust; where nobody may, all is compiled each time. Node has such a cache for modules from 22 on, and none before.
 */
const { accessSync, constants, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { Script } = require('node:vm')
const { crc32 } = require('node:zlib')

const DIST = join(__dirname, '../dist')
/** What is kept is for this Node only. V8 looks at its own version and flags, but not whether the data are whole. */
const NODE = crc32(`${process.version} ${process.arch}`)
const HEAD = 4

const chunks = new Map()
/** What chunks wait for before they can be used. */
const waits = []

/** The exports of a chunk, whose name begins with `./`. */
function load(name) {
  const loaded = chunks.get(name)
  if (loaded) return loaded.exports
  const file = join(DIST, name)
  const source = readFileSync(file)
  const seal = crc32(source, NODE)
  const cache = `${file}.cache`
  const cachedData = readKept(cache, seal)
  const script = new Script(source.latin1Slice(), { filename: file, cachedData })
  const kept = script.cachedDataRejected === false ? cachedData.length : 0
  const chunk = { exports: {}, file, cache, seal, script, kept }
  chunks.set(name, chunk)
  try {
    script.runInThisContext()(find, importChunk, Lazy, wait => waits.push(wait), chunk.exports, chunk)
  } catch (thrown) {
    // Whoever asks again is told the same.
    chunks.delete(name)
    throw thrown
  }
  return chunk.exports
}

function find(name) {
  return name.startsWith('./') ? load(name) : require(name)
}

/** What is loaded when it is first used. */
class Lazy {
  constructor(load) {
    this.load = load
    this.value = undefined
  }
  get $() {
    this.value ??= this.load()
    return this.value
  }
}

async function importChunk(name) {
  const exports = load(name)
  await Promise.all(waits)
  return exports
}

/** What is kept in `file`, or undefined when that is nothing, torn, or sealed otherwise: V8 does not look, and crashes. */
function readKept(file, seal) {
  try {
    const kept = readFileSync(file)
    const data = kept.subarray(HEAD)
    return kept.readUInt32LE() === crc32(data, seal) ? data : undefined
  } catch {
    return undefined
  }
}

/** Keeps `data` in `file`, as a whole or not at all. Failing that is no failure. */
function writeKept(file, seal, data) {
  const draft = `${file}.${process.pid}`
  const head = Buffer.alloc(HEAD)
  head.writeUInt32LE(crc32(data, seal))
  try {
    writeFileSync(draft, Buffer.concat([head, data]))
    renameSync(draft, file)
  } catch {
    try {
      rmSync(draft, { force: true })
    } catch {}
  }
}

/** Keeps what has been compiled, of each chunk of which that is a good deal more than what is kept. */
function keep() {
  for (const { cache, seal, script, kept } of chunks.values()) {
    const data = script.createCachedData()
    if (data.length > kept * 1.1) writeKept(cache, seal, data)
  }
}

function isWritable() {
  try {
    accessSync(DIST, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** V8 takes nothing that was kept under other flags of its own: who has some would keep it from all others. */
const isPlain = process.execArgv.length === 0 && !process.env.NODE_OPTIONS

// To see what is new takes a while. That is done by who met a chunk of which nothing is kept, as most do that do something new.
process.on('exit', () => {
  if (isPlain && [...chunks.values()].some(({ kept }) => kept === 0) && isWritable()) keep()
})
module.exports = { keep, load, readKept, writeKept }
