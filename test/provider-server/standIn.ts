/** Everything that the server must know of one provider: each stand-in is one such object. */
import type { CommonSettings } from './commonSettings';
import type { Job } from './jobs';
import type { Provider, World } from './provider';

export interface StandIn<Own extends CommonSettings = CommonSettings> {
	/** The API key that it takes, in the form of the provider's keys. */
	key: string;
	/** What the real base URL has after its host; empty, or beginning with a slash. */
	basePath: string;
	/** What tests can change, as it is at the start. */
	settings(): Own;
	/** Whether the price of a job that ended this way is paid back, as the provider documents it. */
	isRefunded(job: Job): boolean;
	/** Whether the URLs of its files are signed, and end. */
	signsUrls: boolean;
	create(world: World): Provider;
}
