import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ended } from '../helpers/crew.ts'
import { temporaryFolder } from '../helpers/runs.ts'

/** A copy of the build, without what was kept of it unless it is `warm`, and ways to run `crew ls` there. */
function installation({ warm = false } = {}) {
  const root = temporaryFolder()
  for (const folder of ['bin', 'dist']) cpSync(folder, join(root, folder), { recursive: true })
  cpSync('package.json', join(root, 'package.json'))
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  const dist = join(root, 'dist')
  const caches = () =>
    readdirSync(dist)
      .filter(name => name.endsWith('.cache'))
      .map(name => join(dist, name))
  if (!warm) for (const path of caches()) rmSync(path)
  const bin = join(root, 'bin/crew.js')
  const env = { PATH: process.env.PATH, HOME: root, CREW_HOME: root, NO_COLOR: '1' }
  return {
    dist,
    caches,
    start: () => spawn(process.execPath, [bin, 'ls'], { env }),
    list: (more = {}) => ended(spawn(process.execPath, [bin, 'ls'], { env: { ...env, ...more } })),
    /** No file may become longer than a kilobyte, as on a disk that is full. */
    helpOnFullDisk: () =>
      spawnSync('bash', ['-c', 'ulimit -f 1; exec "$@"', '-', process.execPath, bin, '--help'], { env }),
  }
}

const { readKept, writeKept } = createRequire(import.meta.url)('../../bin/load.js')
const WELL = { code: 0, stdout: '', stderr: expect.stringContaining('no runs') }
const contents = (paths: readonly string[]) => paths.map(path => readFileSync(path).toString('base64'))

describe('what is kept of compiled code', () => {
  it('is there as soon as crew is built, and is not written again', async () => {
    const { list, caches } = installation({ warm: true })
    const times = () => caches().map(path => statSync(path).mtimeMs)
    const before = times()
    expect(await list()).toMatchObject(WELL)
    expect(before.length).toBeGreaterThan(50)
    expect(times()).toEqual(before)
  })

  it('is written by the first process when it is not there, for each chunk that was loaded', async () => {
    const { list, caches } = installation()
    expect(await list()).toMatchObject(WELL)
    const kept = contents(caches())
    expect(kept.length).toBeGreaterThan(10)
    expect(await list()).toMatchObject(WELL)
    expect(contents(caches())).toEqual(kept)
  })

  it('is left to those who run Node without flags of their own', async () => {
    const { list, caches } = installation()
    const flagged = { NODE_OPTIONS: '--max-old-space-size=900' }
    expect(await list(flagged)).toMatchObject(WELL)
    expect(caches()).toEqual([])
    await list()
    const kept = contents(caches())
    expect(await list(flagged)).toMatchObject(WELL)
    expect(contents(caches())).toEqual(kept)
  })

  it('is recognised when it is empty, torn, damaged or of another chunk, and renewed', async () => {
    const { list, caches } = installation()
    await list()
    const damages: readonly ((data: Buffer) => Buffer)[] = [
      () => Buffer.alloc(0),
      data => data.subarray(0, 3),
      data => data.subarray(0, data.length / 2),
      data => Buffer.concat([data.subarray(0, data.length - 512), Buffer.alloc(512)]),
      data => flip(data, data.length >> 1),
    ]
    const paths = caches()
    const whole = paths.map(path => statSync(path).size)
    for (const damage of damages) {
      for (const path of paths) writeFileSync(path, damage(readFileSync(path)))
      expect(await list()).toMatchObject(WELL)
      for (const [index, path] of paths.entries())
        expect(statSync(path).size).toBeGreaterThan((whole[index] ?? 0) * 0.8)
    }
    const [one = '', other = ''] = paths
    cpSync(one, other)
    expect(await list()).toMatchObject(WELL)
    expect(readFileSync(other)).not.toEqual(readFileSync(one))
  })

  it('is never given to V8 with as much as a bit changed', () => {
    const file = join(temporaryFolder(), 'kept')
    const data = randomBytes(20_000)
    writeKept(file, 7, data)
    expect(readKept(file, 7)).toEqual(data)
    expect(readKept(file, 8)).toBeUndefined()
    const whole = readFileSync(file)
    for (let at = 0; at < whole.length; at += 61) {
      writeFileSync(file, flip(whole, at))
      expect(readKept(file, 7), `the byte ${at}`).toBeUndefined()
      writeFileSync(file, whole.subarray(0, at))
      expect(readKept(file, 7), `the first ${at} bytes`).toBeUndefined()
    }
  })

  it('does not have to be writable', async () => {
    const { list, caches, dist } = installation()
    await list()
    const paths = caches()
    for (const path of paths) {
      rmSync(path)
      mkdirSync(join(path, 'in the way'), { recursive: true })
    }
    expect(await list()).toMatchObject(WELL)
    expect(readdirSync(dist).filter(name => /\.\d+$/.test(name))).toEqual([])
  })

  it('may meet a full disk', async () => {
    const { helpOnFullDisk, list, dist } = installation()
    expect(helpOnFullDisk().status).toBe(0)
    expect(readdirSync(dist).filter(name => /\.\d+$/.test(name))).toEqual([])
    expect(await list()).toMatchObject(WELL)
  })

  it('may be written by many at once', async () => {
    const { list, caches } = installation()
    for (const result of await Promise.all(Array.from({ length: 6 }, () => list())))
      expect(result).toMatchObject(WELL)
    const kept = contents(caches())
    await list()
    expect(contents(caches())).toEqual(kept)
  })

  it('survives that its writer is killed', async () => {
    const { start, list, caches } = installation()
    for (const delay of [150, 200, 250, 300, 350, 400]) {
      const child = start()
      setTimeout(() => child.kill('SIGKILL'), delay)
      await ended(child)
      for (const path of caches().slice(0, 3)) rmSync(path)
    }
    expect(await list()).toMatchObject(WELL)
  })
})

it('a chunk that cannot be loaded says why, however often it is asked for', () => {
  const { dist } = installation()
  writeFileSync(join(dist, 'broken.js'), "(function(){throw new Error('this is why')})")
  const { load } = createRequire(import.meta.url)(join(dist, '../bin/load.js'))
  for (const _ of [1, 2]) expect(() => load('./broken.js')).toThrow('this is why')
})

function flip(data: Buffer, at: number): Buffer {
  const copy = Buffer.from(data)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}
