/** What a test can change about the played providers while they run. */
import type { ProviderId } from '../../nodes/LumaVideo/providers/provider';
import { isObject } from './http';
import { standIns } from './providers';

export { CALLBACK_MODES, type CallbackMode, type CallbackSettings, type CommonSettings } from './commonSettings';

export type ProviderName = ProviderId;
export const PROVIDER_NAMES = Object.keys(standIns) as ProviderName[];

export type Settings = { [Name in ProviderName]: ReturnType<(typeof standIns)[Name]['settings']> } & {
	media: {
		/** Start of the media URLs, `null` = the server's own address. */
		origin: string | null;
		/** Milliseconds between the pieces of a slow answer. */
		slowChunkMs: number;
	};
};

/** Any part of the settings; what is not named stays as it is. */
export type SettingsChange = DeepPartial<Settings>;
type DeepPartial<T> = T extends readonly unknown[] ? T : T extends object ? { [K in keyof T]?: DeepPartial<T[K]> } : T;

/** For each stand-in what `value` makes of it. */
export function byProvider<T>(value: (name: ProviderName) => T): Record<ProviderName, T> {
	return Object.fromEntries(PROVIDER_NAMES.map((name) => [name, value(name)])) as Record<ProviderName, T>;
}

export function defaultSettings(): Settings {
	return { ...byProvider((name) => standIns[name].settings()), media: { origin: null, slowChunkMs: 20 } } as Settings;
}

/** Applies a change in place. A name that is no setting, or a value of another type, is the test's mistake and throws. */
export function changeSettings(settings: Settings, change: unknown): void {
	merge(settings as unknown as Record<string, unknown>, change, 'settings');
}

function merge(target: Record<string, unknown>, change: unknown, where: string): void {
	if (!isObject(change)) throw new Error(`${where} must be an object`);
	for (const [name, value] of Object.entries(change)) {
		const path = `${where}.${name}`;
		if (!(name in target)) throw new Error(`${path} is not a setting`);
		const old = target[name];
		if (isObject(old)) {
			merge(old, value, path);
		} else if (
			value === undefined ||
			(old !== null && value !== null && typeof old !== typeof value) ||
			Array.isArray(old) !== Array.isArray(value)
		) {
			throw new Error(`${path} has the wrong type`);
		} else {
			target[name] = value;
		}
	}
}
