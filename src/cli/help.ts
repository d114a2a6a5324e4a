import { type Command, Help, type Option } from 'commander'

/** How wide a name and its few words are in the overview: two of them stand in 80 columns, behind their group. */
const GROUP = 8
const NAME = 11
const CELL = 36

/** The help of a command as commander has it; that of crew itself is one page of 80 × 24. */
export function formatHelp(command: Command, helper: Help): string {
  return command.parent === null
    ? overview(command, helper)
    : Help.prototype.formatHelp.call(helper, command, helper)
}

/** The values of an option that may be given several times begin as an empty list, which is no news to anybody. */
export function optionDescription(option: Option): string {
  return Array.isArray(option.defaultValue) && option.defaultValueDescription === undefined
    ? `${option.description}; may be given several times`
    : Help.prototype.optionDescription.call(new Help(), option)
}

function overview(program: Command, helper: Help): string {
  const commands = helper.visibleCommands(program).filter(command => command.helpGroup() !== '')
  const groups = new Set(commands.map(command => command.helpGroup()))
  const lines = [...groups].flatMap(group =>
    inTwoColumns(
      group,
      commands.filter(command => command.helpGroup() === group),
      helper,
    ),
  )
  const options = helper
    .visibleOptions(program)
    .map(option => `  ${helper.optionTerm(option).padEnd(15)}${option.description}`)
  return [
    `${helper.styleTitle('Usage:')} ${helper.commandUsage(program)}`,
    program.description(),
    '',
    ...lines,
    '',
    ...options,
    '',
  ].join('\n')
}

function inTwoColumns(group: string, commands: readonly Command[], helper: Help): string[] {
  const cells = commands.map(command => ({
    text: `${helper.styleSubcommandText(command.name().padEnd(NAME))}${command.summary()}`,
    width: NAME + command.summary().length,
  }))
  const left = cells.filter((_, index) => index % 2 === 0)
  return left.map(({ text, width }, index) => {
    const right = cells[2 * index + 1]
    const head = index === 0 ? helper.styleTitle(group.padEnd(GROUP)) : ' '.repeat(GROUP)
    return `${head}${text}${right ? `${' '.repeat(Math.max(1, CELL - width))}${right.text}` : ''}`
  })
}
