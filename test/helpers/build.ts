import { execFileSync } from 'node:child_process'

/** The end-to-end tests run what users run: the build. */
export default function build() {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  })
}
