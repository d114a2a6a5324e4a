// Writes docs/commands.md and man/crew.1 from the commands themselves.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

// One folder below the root, like src/ and dist/: the version is read from there.
const bundle = 'tmp/manual.mjs'
mkdirSync('tmp', { recursive: true })
await build({
  stdin: {
    contents: "export * from './src/cli/manual.ts'\nexport { createProgram } from './src/cli/program.ts'\n",
    resolveDir: '.',
  },
  outfile: bundle,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  logLevel: 'warning',
})
const { createProgram, manPage, manual } = await import(`../${bundle}`)
rmSync(bundle)
mkdirSync('man', { recursive: true })
writeFileSync('docs/commands.md', manual(createProgram(() => {})))
writeFileSync('man/crew.1', manPage(createProgram(() => {})))
