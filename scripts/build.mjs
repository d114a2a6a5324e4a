// One build: everything but the native module becomes a few files, since loading hundreds takes longer than running them.
import { rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
await build({
  entryPoints: ['src/cli.ts', 'src/version.ts'],
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // Ink's tools for developers are not installed, and never asked for.
  external: ['better-sqlite3', 'react-devtools-core'],
  // Names stay, so that what is thrown can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  define: {
    // React checks itself at every turn otherwise.
    'process.env.NODE_ENV': '"production"',
    // Libraries make theirs while they are loaded, which takes a third of the time that Node needs to start.
    'Intl.Segmenter': 'LazySegmenter',
  },
  inject: ['scripts/lazy-segmenter.mjs'],
  // What is still CommonJS asks for Node's own modules with a `require` that modules do not have.
  banner: {
    js: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
})
