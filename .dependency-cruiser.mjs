/**
 * The import rule: a file may import from the lines below its own, and from its own folder. Folders on one line never
 * import each other. test/boundaries.test.ts plants a violation to prove that this catches it.
 */
export const LAYERS = [
  ['src/cli'],
  ['src/commands'],
  ['src/app', 'src/doctor'],
  ['src/ui', 'src/server', 'src/observe'],
  ['src/team'],
  ['src/patterns'],
  ['src/coordination'],
  ['src/agents'],
  ['src/policies', 'src/models', 'src/tools'],
  ['src/exchange'],
  ['src/engine'],
  ['src/store'],
  ['src/expressions', 'src/fetch'],
]

const pattern = names => `^(${names.join('|')})(/|\\.|$)`

const layers = LAYERS.flatMap((layer, index) =>
  layer.map(name => ({
    name: `${name} imports only what is below it`,
    severity: 'error',
    from: { path: pattern([name]) },
    to: { path: pattern([...LAYERS.slice(0, index).flat(), ...layer.filter(other => other !== name)]) },
  })),
)

const only = (name, allowed, modules) => ({
  name,
  severity: 'error',
  from: { path: '^src/', pathNot: allowed },
  to: { path: modules },
})

export default {
  forbidden: [
    ...layers,
    {
      name: 'base files import only each other',
      severity: 'error',
      from: { path: '^src/[^/]+$', pathNot: pattern(LAYERS.flat()) },
      to: { path: pattern(LAYERS.flat()) },
    },
    {
      name: 'no cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('only store knows SQLite', '^src/store/', 'better-sqlite3'),
    only('only ui and commands know React and Ink', '^src/(ui|commands)/', '/(react|ink)/'),
    only('only spawn starts processes', '^src/spawn', '^(node:)?child_process$|/execa/'),
    only('only fetch speaks HTTP', '^src/fetch', '^(node:)?https?$'),
    { name: 'nothing is missing', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'require', 'node', 'default'],
      exportsFields: ['exports'],
    },
    doNotFollow: { path: 'node_modules' },
  },
}
