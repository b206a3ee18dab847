/** n8n's deduplication store: it finds, changes and writes without a lock. All processes share it. */
import type { DeduplicationStore } from '../../nodes/LumaVideo/generation/crashRecord';

type Values = Parameters<DeduplicationStore['checkProcessedAndRecord']>[0];

export class FakeStore implements DeduplicationStore {
	entries: string[] = [];
	/** From finding to writing, in milliseconds; 0 for a moment in which only what waits already goes on. */
	latencyMs = 0;
	calls = 0;
	/** Values that were asked for. */
	asked = 0;
	private exists = false;

	readonly checkProcessedAndRecord = async (
		items: Values,
		_scope: string,
		{ maxEntries = Infinity }: { maxEntries?: number },
	): Promise<{ new: Values; processed: Values }> => {
		this.calls++;
		this.asked += items.length;
		const isFirst = !this.exists;
		const found = new Set(this.entries);
		await this.latency();
		const fresh = items.filter((item) => !found.has(String(item)));
		// A record is made once; a second one is a conflict.
		if (isFirst && this.exists) throw new Error('UNIQUE constraint failed: processed_data');
		this.exists = true;
		this.entries = [...found, ...fresh.map(String)].slice(-maxEntries);
		return { new: fresh, processed: items.filter((item) => found.has(String(item))) };
	};

	readonly removeProcessed = async (items: Values): Promise<void> => {
		const found = this.entries;
		await this.latency();
		const gone = new Set(items.map(String));
		this.entries = found.filter((entry) => !gone.has(entry));
	};

	private async latency(): Promise<void> {
		if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
		else await Promise.resolve();
	}
}
