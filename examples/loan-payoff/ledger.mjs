// Reads a loan from ledger.json.
//   node ledger.mjs balance LN-2041
//   node ledger.mjs payoff LN-2041 2026-03-15
import { readFileSync } from 'node:fs'

const [what, account, on] = process.argv.slice(2)
const loans = JSON.parse(readFileSync(new URL('ledger.json', import.meta.url), 'utf8'))
if (!Object.hasOwn(loans, account))
  fail(`there is no account ${account}; there are: ${Object.keys(loans).join(', ')}`)
const { borrower, principal, annualRate, interestPaidThrough, prepaymentFee, fees, hold } = loans[account]

const answers = {
  balance: () => [
    `Account ${account} belongs to ${borrower}, who still owes a principal of ${usd(principal)}.`,
    `Interest is paid up to ${interestPaidThrough}.`,
    `Open fees: ${fees.map(({ what, amount }) => `${what} ${usd(amount)}`).join(', ') || 'none'}.`,
    hold ? `There is a hold on the account. ${hold}` : 'There is no hold on the account.',
  ],
  payoff() {
    const days = Math.round((Date.parse(on) - Date.parse(interestPaidThrough)) / 86_400_000)
    if (!(days >= 0)) fail(`${on} is no day after ${interestPaidThrough}, up to which interest is paid`)
    const perDay = (principal * annualRate) / 365
    const interest = cents(perDay * days)
    const prepayment = cents(principal * prepaymentFee)
    const open = fees.reduce((sum, { amount }) => sum + amount, 0)
    return [
      `It takes ${usd(principal + interest + prepayment + open)} to pay off account ${account} on ${on}.`,
      `That is the principal of ${usd(principal)} and the interest of ${days} days, ${usd(interest)}.`,
      `It includes a prepayment fee of ${usd(prepayment)} and open fees of ${usd(open)}.`,
      `Every day later adds ${usd(cents(perDay))}.`,
    ]
  },
}
console.log(answers[what]().join(' '))

function cents(amount) {
  return Math.round(amount * 100) / 100
}

function usd(amount) {
  return `USD ${amount.toFixed(2)}`
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
