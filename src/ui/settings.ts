import type { SettingRow } from '../config.ts'
import { formatTable } from './table.ts'

/** Settings as aligned lines: name, value, what it is for. */
export function formatSettings(settings: readonly SettingRow[]): string[] {
  const rows = settings.map(({ name, value, about }) => [name, value ?? '–', about])
  return formatTable([{}, {}, {}], rows, Number.POSITIVE_INFINITY)
}
