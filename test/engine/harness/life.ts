/**
 * Whether the n8n that a run belongs to still lives. After a kill its code goes on in this process, which cannot be
 * helped; but nothing that it does reaches anybody any more.
 */
import type { IExecuteFunctions, INodeType, Workflow } from 'n8n-workflow';

const never = new Promise<never>(() => undefined);

export class Life {
	private dead = false;

	get isDead(): boolean {
		return this.dead;
	}

	end(): void {
		this.dead = true;
	}

	/** Goes on only while n8n lives. */
	async check(): Promise<void> {
		if (this.dead) await never;
	}

	/** The result, for those that live to see it. */
	async pass<T>(result: Promise<T>): Promise<T> {
		try {
			return await result;
		} finally {
			await this.check();
		}
	}
}

const lives = new WeakMap<object, Life>();

export function attachLife(workflow: Workflow, life: Life): void {
	lives.set(workflow, life);
}

/** For those who are told no more than the workflow: every run has an instance of its own. */
export function lifeOf(workflow: object): Life | undefined {
	return lives.get(workflow);
}

type Helper = (this: unknown, ...args: unknown[]) => unknown;

/** What reaches others is asynchronous; the rest may go on. */
function isAsync(value: unknown): value is Helper {
	return Object.prototype.toString.call(value) === '[object AsyncFunction]';
}

/** A node whose requests, files and records end with n8n. */
export function mortal(node: INodeType, life: Life): INodeType {
	const execute = node.execute as ((this: IExecuteFunctions, ...args: unknown[]) => Promise<unknown>) | undefined;
	if (!execute) return node;
	const guarded = async function (this: IExecuteFunctions, ...args: unknown[]): Promise<unknown> {
		await life.check();
		const helpers = this.helpers as unknown as Record<string, unknown>;
		for (const [name, helper] of Object.entries(helpers)) {
			if (!isAsync(helper)) continue;
			helpers[name] = async function (this: unknown, ...given: unknown[]): Promise<unknown> {
				await life.check();
				return await life.pass(helper.apply(this, given) as Promise<unknown>);
			};
		}
		return await life.pass(execute.apply(this, args));
	};
	return Object.create(node, { execute: { value: guarded } }) as INodeType;
}
