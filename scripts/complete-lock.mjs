/**
 * `npm run lock`: brings package-lock.json up to date in a form that `npm ci` takes on any machine.
 *
 * Tools with native code name a package for each platform as an optional dependency. A registry mirror that does not
 * carry those of other platforms makes npm leave them out of the lock, and `npm ci` then refuses it. Here they are
 * written down from what their parents ask for. Addresses of the registry are left out.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const SYSTEMS = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
  'aix',
]
const PROCESSORS = [
  'arm64',
  'arm',
  'x64',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
]

execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { stdio: 'inherit' })
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
for (const parent of Object.values(lock.packages)) {
  delete parent.resolved
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    lock.packages[`node_modules/${name}`] ??= { version, ...platformOf(name), dev: true, optional: true }
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(
  'package-lock.json',
  `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`,
)

/** Where a package is meant for, as its name says: `@esbuild/linux-arm64`, `binding-win32-x64-msvc`. */
function platformOf(name) {
  const words = name.split('/').pop().split('-')
  const system = SYSTEMS.find(word => words.includes(word))
  const processor = PROCESSORS.find(word => words.includes(word))
  const library = words.includes('musl') ? 'musl' : words.includes('gnu') ? 'glibc' : undefined
  return {
    ...(processor && { cpu: [processor] }),
    ...(system && { os: [system] }),
    ...(library && { libc: [library] }),
  }
}
