/**
 * `npm run pictures`: the screen, as it looks in a real terminal (tmux). No key and no network: teams work with a slow model
 * on this machine, or are rehearsed and replayed.
 *
 *   npm run pictures                      all of them, as .svg and .txt: tmp/pictures/SCENE-VIEW-80x24, without colours in tmp/pictures/plain
 *   npm run pictures -- report trouble    only scenes whose names begin like that
 *   npm run pictures -- --size 60x15      in other sizes than 140x40 and 80x24
 *   npm run pictures -- --docs            only those that README and docs show, to docs/pictures
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { startModel } from './pictures/model.mjs'
import { SCENES } from './pictures/scenes.mjs'
import { svgOf } from './pictures/svg.mjs'
import { PARTS, TEAMS } from './pictures/teams.mjs'
import { closeAll, hasTmux, open } from './pictures/terminal.mjs'

/** Rows of a terminal in which everything that a command prints is seen at once. */
const TALL = 150
/** Those that documents show, by the name of their file. */
const IN_DOCS = new Set([
  ...['report-overview', 'report-timeline', 'report-graph', 'report-cost', 'crowd-overview', 'trouble-agent'],
  ...['blackboard-graph', 'gate-question', 'trouble-tree', 'top'],
])
/** Behind what a command has printed. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are written with them
const ENDED = /(?:\s|\x1b\[[\d;]*m)*\[exit 0\][\s\S]*$/

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    docs: { type: 'boolean' },
    size: { type: 'string', multiple: true },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) {
  console.log('node scripts/pictures.mjs [SCENE…] [--size COLUMNSxROWS]… [--docs: those of README and docs]')
  process.exit()
}
const sizes = (values.size ?? (values.docs ? ['100x28'] : ['140x40', '80x24'])).map(size => {
  const [columns, rows] = size.split('x').map(Number)
  return { columns, rows }
})
const isWanted = ({ name, pictures }) =>
  values.docs
    ? pictures.some(([view]) => IN_DOCS.has(fileOf(name, view)))
    : positionals.length === 0 || positionals.some(chosen => name.startsWith(chosen))

if (!hasTmux()) {
  console.error('tmux is not there, and pictures are taken in it.\n→ apt install tmux, or: brew install tmux')
  process.exit(1)
}
process.exitCode = await main()

async function main() {
  const folder = values.docs ? 'docs/pictures' : 'tmp/pictures'
  const missing = []
  for (const look of values.docs ? ['coloured'] : ['coloured', 'plain']) {
    // The model counts what it was asked, and fails at first: a new one for each look.
    const model = await startModel(PARTS)
    const stage = buildStage()
    try {
      const env = {
        ...{ ...model.env, CREW_HOME: join(stage, 'home'), TERM: 'xterm-256color', COLORTERM: 'truecolor' },
        PATH: `${join(stage, 'bin')}:${process.env.PATH}`,
        ...(look === 'plain' && { NO_COLOR: '1' }),
      }
      const target = look === 'plain' ? join(folder, 'plain') : folder
      mkdirSync(target, { recursive: true })
      for (const scene of SCENES.filter(isWanted))
        await play(scene, { stage, env, keep: keeper(target) }).catch(error => {
          missing.push(`${look} ${scene.name}`)
          console.error(`${scene.name}: ${error.message}`)
        })
    } finally {
      closeAll()
      model.close()
      rmSync(stage, { recursive: true, force: true })
    }
  }
  if (missing.length > 0) console.error(`not pictured: ${missing.join(', ')}`)
  return missing.length > 0 ? 1 : 0
}

/** A folder with all that the scenes need: their teams, the examples, and a `crew` to start. */
function buildStage() {
  const stage = mkdtempSync(join(tmpdir(), 'crew-pictures-'))
  const write = (name, value) => writeFileSync(join(stage, name), JSON.stringify(value))
  for (const [name, team] of Object.entries(TEAMS)) write(`${name}.json`, team)
  const letters = Array.from({ length: 1000 }, (_, index) => index + 1)
  write('letters.json', letters)
  cpSync('examples', join(stage, 'examples'), { recursive: true })
  mkdirSync(join(stage, 'bin'))
  symlinkSync(resolve('bin/crew.js'), join(stage, 'bin/crew'))
  return stage
}

/** What is printed at one width is printed again at another; a screen is resized. */
async function play(
  { name, command, before, ready, pictures, last, stays, isPrinted },
  { stage, env, keep },
) {
  const shell = { cwd: stage, env: { ...process.env, ...env }, stdio: 'ignore' }
  if (before) execFileSync('sh', ['-c', before], shell)
  let terminal
  for (const [index, size] of sizes.entries()) {
    if (index === 0 || isPrinted) {
      terminal = open(`${name}-${index}`, command, {
        ...{ ...size, cwd: stage, env },
        ...(isPrinted && { rows: TALL }),
      })
      await terminal.shows(ready)
    } else await terminal.resize(size)
    for (const [view, keys, words] of pictures) await keep(name, view, size, await terminal.take(keys, words))
    if (last && index === sizes.length - 1)
      await keep(name, last[0], size, await terminal.take(last[1], last[2]))
  }
  if (!stays) terminal.close()
}

function fileOf(name, view) {
  return view === '' ? name : `${name}-${view}`
}

function keeper(folder) {
  return async (name, view, size, shown) => {
    const screen = shown.replace(ENDED, '\n')
    const rows = screen === shown ? size.rows : screen.split('\n').length - 1
    const file = fileOf(name, view)
    if (values.docs && !IN_DOCS.has(file)) return
    const path = join(folder, values.docs ? file : `${file}-${size.columns}x${size.rows}`)
    writeFileSync(
      `${path}.svg`,
      await svgOf(screen, { columns: size.columns, rows }, `crew: ${file.replaceAll('-', ' ')}`),
    )
    if (!values.docs) writeFileSync(`${path}.txt`, stripVTControlCharacters(screen))
  }
}
