/** What a row of the benchmark found, and the page that is made of it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { projectRoot } from '../e2e/harness/paths';

/** One line of the table. */
export interface Line {
	/** What was measured. */
	what: string;
	ours: string;
	/** Whose figure stands beside ours, with the figure. */
	other: string;
	/** Ours divided by theirs; `null` where there is nothing to divide. */
	ratio: number | null;
	target: string;
	/** `null`: shown without a target. */
	isMet: boolean | null;
	/** Why a target is missed, or what has to be known to read the line. */
	note?: string;
}

export interface RowResult {
	lines: Line[];
	/** How it was measured: sizes, repeats, what is virtual. A sentence or two. */
	how: string;
}

interface Recorded extends RowResult {
	title: string;
	date: string;
	machine: string;
	/** Load average of the minute before it began: what else the machine had to do. */
	load?: number;
}

type Book = Partial<Record<string, Recorded>>;

const recordFile = join(projectRoot, 'test', 'bench', 'record.json');
const page = join(projectRoot, 'docs', 'benchmarks.md');

/** Processors, memory and system of this machine, and the versions of n8n and Node.js that were measured. */
export function machine(node: string): string {
	const [first] = cpus();
	const memory = `${Math.round(totalmem() / 2 ** 30)} GiB RAM`;
	const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
	const nodeVersion = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
	return `${cpus().length} × ${first?.model.trim() ?? 'CPU'}, ${memory}, ${system}; n8n ${n8nVersion()}, Node.js ${nodeVersion}`;
}

function n8nVersion(): string {
	const root = JSON.parse(readFileSync(join(projectRoot, 'test', 'n8n', 'package.json'), 'utf8')) as {
		dependencies: { n8n: string };
	};
	return root.dependencies.n8n;
}

/** Keeps a row's result beside those of the other rows, and writes the page anew. */
export function record(
	name: string,
	about: { title: string; machine: string; load: number },
	result: RowResult,
	order: readonly string[],
): void {
	const book = read();
	book[name] = { ...about, date: new Date().toISOString().slice(0, 10), ...result };
	writeFileSync(recordFile, `${JSON.stringify(book, null, '\t')}\n`);
	const missing = order.filter((each) => book[each] === undefined);
	writeFileSync(page, render(order.flatMap((each) => book[each] ?? []), order, missing));
}

function read(): Book {
	try {
		return JSON.parse(readFileSync(recordFile, 'utf8')) as Book;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
		throw error;
	}
}

/** The table of a row, for the page and for the terminal. */
export function table(lines: readonly Line[]): string {
	const cells = lines.map(({ what, ours, other, ratio, target, isMet }) => [
		what,
		ours,
		other,
		ratio === null ? '–' : ratio.toFixed(2),
		target,
		isMet === null ? '–' : isMet ? 'yes' : '**no**',
	]);
	return [['', 'Ours', 'Compared with', 'Ratio', 'Target', 'Met'], ['---', '---', '---', '---', '---', '---'], ...cells]
		.map((row) => `| ${row.join(' | ')} |`)
		.join('\n');
}

function render(rows: readonly Recorded[], order: readonly string[], missing: readonly string[]): string {
	const machines = [...new Set(rows.map((row) => row.machine))];
	const dates = [...new Set(rows.map(({ date }) => date))].sort();
	return `# Benchmarks

This package beside n8n's own nodes for the same kind of job, in the same run, against stand-ins for all services on the
same machine. The packed tarball runs in a real n8n with SQLite. Ratio: ours divided by theirs, of medians. Times in
milliseconds depend on what else the machine does (the load average is given); both sides take turns, so ratios less so.

\`\`\`sh
npm run bench                # all rows, about 45 minutes; writes this page
npm run bench -- makespan    # one row: ${order.join(', ')}
\`\`\`

Measured ${dates.join(' and ')} on: ${machines.join('; and ')}.${missing.length > 0 ? ` Not measured yet: ${missing.join(', ')}.` : ''}

${rows.map(section).join('\n\n')}
`;
}

function section({ title, lines, how, load }: Recorded): string {
	const busy = load === undefined ? '' : ` Load average when it began: ${load.toFixed(1)}.`;
	const notes = lines.flatMap(({ what, note }) => (note === undefined ? [] : [`- *${what}:* ${note}`]));
	return [`## ${title}`, how + busy, table(lines), ...(notes.length > 0 ? [notes.join('\n')] : [])].join('\n\n');
}
