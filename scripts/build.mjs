/**
 * One build: everything but native code becomes chunks, since loading hundreds of files takes longer than running them.
 * Each is a function that bin/load.js calls, since V8 lets nobody keep what it compiled of a module.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { build, transform } from 'esbuild'

/** How the chunks are written, in both steps. Names stay, so that what is thrown can be read. */
const STYLE = {
  platform: 'node',
  target: 'node20',
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
}

/**
 * What is different in packages. Two wait while they are loaded, which only modules can: Ink for its tools for developers, which
 * are not installed and never asked for; yoga for its WebAssembly, which bin/load.js waits for instead. One searches for its native part.
 */
const EDITS = [
  [/ink\/build\/reconciler\.js$/, 'isDev()', 'false'],
  [
    /yoga-layout\/dist\/src\/index\.js$/,
    'const Yoga = wrapAssembly(await loadYoga());\nexport default Yoga;',
    'let Yoga; $wait(loadYoga().then(loaded => { Yoga = wrapAssembly(loaded) }));\nexport { Yoga as default };',
  ],
  [
    /better-sqlite3\/lib\/database\.js$/,
    "require('bindings')('better_sqlite3.node')",
    "require('better-sqlite3/build/Release/better_sqlite3.node')",
  ],
]

const edited = {
  name: 'edited',
  setup({ onLoad }) {
    for (const [filter, from, to] of EDITS) {
      onLoad({ filter }, ({ path }) => {
        const text = readFileSync(path, 'utf8')
        if (!text.includes(from)) throw new Error(`${path} is not what it was`)
        return { contents: text.replaceAll(from, to) }
      })
    }
  },
}

/** What many runs do without: each becomes a chunk of its own, and is loaded when something of it is first used. */
const APART = [
  ...[
    'team/source/tree',
    'team/source/yaml',
    'fetch/fetch',
    'fetch/connections',
    'sandbox',
    'tools/declared',
  ],
  ...['llm', 'command', 'http', 'human', 'team'].map(kind => `agents/${kind}`),
  ...['pipeline', 'parallel', 'blackboard', 'events', 'tasks', 'graph', 'refine'].map(
    kind => `patterns/${kind}`,
  ),
  ...['handoff', 'route', 'chat', 'peers', 'auction', 'supervisor'].map(kind => `patterns/${kind}`),
]

const { outputFiles } = await build({
  ...STYLE,
  entryPoints: ['cli', ...APART].map(name => `src/${name}.ts`),
  outdir: 'dist',
  entryNames: '[name]',
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  mainFields: ['module', 'main'],
  external: ['*.node'],
  plugins: [edited],
  define: {
    // React checks itself at every turn otherwise.
    'process.env.NODE_ENV': '"production"',
    // Libraries make theirs while they are loaded, which takes a third of the time that Node needs to start.
    'Intl.Segmenter': 'LazySegmenter',
    'import.meta.url': 'moduleUrl',
  },
  inject: ['scripts/lazy-segmenter.mjs'],
})

rmSync('dist', { recursive: true, force: true })
mkdirSync('dist')
await Promise.all(
  outputFiles.map(async ({ path, text }) => writeFileSync(`dist/${basename(path)}`, await chunk(text))),
)

/** The module `text` as a function that bin/load.js calls: with ways to get at a module and at a chunk, and to be waited for. */
async function chunk(text) {
  const { code } = await transform(text.replaceAll(/\bimport\((?="\.\/)/g, '$import('), {
    ...STYLE,
    platform: 'neutral',
    format: 'cjs',
    supported: { 'dynamic-import': false },
  })
  const url = code.includes('moduleUrl')
    ? 'const moduleUrl=require("node:url").pathToFileURL(module.file).href;'
    : ''
  // Chunks import names from each other, and need no more than these.
  const body = code
    .trim()
    .replace('module.exports=__toCommonJS(stdin_exports);', 'module.exports=stdin_exports;')
  return `(function(require,$import,$Lazy,$wait,exports,module){${url}${ascii(lazy(body))}\n})`
}

/** Has chunks and modules of Node loaded when something of them is first used, which is never for most. */
function lazy(code) {
  const names = new Set()
  return code
    .replaceAll(
      /\b(import_\w+)=(__toESM\(require\("[^"]+"\)(?:,1)?\)|require\("[^"]+"\))/g,
      (_, name, load) => {
        names.add(name)
        return `${name}=new $Lazy(()=>${load})`
      },
    )
    .replaceAll(/\b(import_\w+)(?=\.)/g, name => (names.has(name) ? `${name}.$` : name))
}

/**
 * V8 reads a file of ASCII as it is. Esbuild writes most of what is not with escapes; regular expressions and tagged templates are left, and
 * an escape means the same there to all but `String.raw`.
 */
function ascii(code) {
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(code)) throw new Error('String.raw with more than ASCII')
  return code.replaceAll(/[^\0-\x7f]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
