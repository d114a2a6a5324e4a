import type { JsonSchema } from '../../json.ts'
import { schemaCompiler } from '../../json-schema.ts'
import { type DeclaredArgs, schemaOfArg } from '../../tools/declared-args.ts'
import type { Finding } from '../source/problem.ts'
import type { Path } from '../source/tree.ts'

/** The validator compiles a schema to code, descending into it: a huge one would exhaust its stack. */
const LARGEST_SCHEMA = 32 * 1024

type Agents = Readonly<Record<string, { readonly output?: JsonSchema | undefined }>>
type Tools = Readonly<Record<string, { readonly args?: DeclaredArgs | undefined }>>

interface Declared {
  readonly path: Path
  readonly schema: JsonSchema
}

/** Whether the output schemas of agents and the arguments of tools are JSON Schemas, with patterns that RE2 knows. */
export async function checkSchemas(agents: Agents, tools: Tools = {}): Promise<Finding[]> {
  const outputs = Object.entries(agents).flatMap(([name, { output }]) =>
    output === undefined ? [] : [{ path: ['agents', name, 'output'], schema: output }],
  )
  const args = Object.entries(tools).flatMap(([tool, { args = {} }]) =>
    Object.entries(args).map(([name, field]) => {
      return { path: ['tools', tool, 'args', name], schema: schemaOfArg(field) }
    }),
  )
  const declared = [...outputs, ...args]
  if (declared.length === 0) return []
  const ajv = await schemaCompiler()
  return declared.flatMap(each => checkSchema(each, ajv))
}

function checkSchema({ path, schema }: Declared, ajv: Awaited<ReturnType<typeof schemaCompiler>>): Finding[] {
  if (JSON.stringify(schema).length > LARGEST_SCHEMA) {
    return [{ path, at: 'key', message: `the schema is larger than ${LARGEST_SCHEMA / 1024} KiB` }]
  }
  try {
    ajv.validateSchema(schema)
    const [error] = ajv.errors ?? []
    const fits = error ? undefined : ajv.compile(schema)
    if (error) {
      const inner = error.instancePath.split('/').slice(1).map(keyOf)
      return [{ path: [...path, ...inner], message: `this is not JSON Schema: it ${error.message}` }]
    }
    // The default of an argument is used as it is.
    if (path[0] !== 'tools' || schema.default === undefined || fits?.(schema.default)) return []
    return [{ path: [...path, 'default'], message: 'the default is not what the argument may be' }]
  } catch (error) {
    const message = `this is not JSON Schema: ${error instanceof Error ? error.message : error}`
    return [{ path, at: 'key', message }]
  }
}

/** A step of a JSON Pointer as the key that it stands for. */
function keyOf(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}
