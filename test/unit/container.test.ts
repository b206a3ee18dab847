/** How the end-to-end tests start n8n from an image; Docker itself is not needed here. */
import { expect, it } from '@jest/globals';
import { containerCommand, ensureDocker } from '../e2e/harness/container';

it('n8n runs in a container with the network, the folder and the leash of the tests', () => {
	const { program, args } = containerCommand({
		image: 'docker.n8n.io/n8nio/n8n:3',
		leash: '/project/leash.cjs',
		folder: '/tmp/n8n-1',
		command: 'worker',
		env: { N8N_PORT: '5679', HOME: '/tmp/n8n-1' },
		user: { uid: 1000, gid: 100 },
	});
	expect([program, ...args].join(' ')).toBe(
		[
			'docker run --rm --interactive --init --network host --user 1000:100',
			'--volume /tmp/n8n-1:/tmp/n8n-1 --volume /project/leash.cjs:/leash.cjs:ro --workdir /tmp/n8n-1',
			'--env N8N_PORT=5679 --env HOME=/tmp/n8n-1',
			'--entrypoint node docker.n8n.io/n8nio/n8n:3 /leash.cjs n8n worker',
		].join(' '),
	);
});

it('a machine without Docker is told what to do', async () => {
	await expect(ensureDocker('n8nio/n8n:3', 'no-such-docker')).rejects.toThrow(
		'N8N_IMAGE is n8nio/n8n:3, but there is no Docker on this machine. Install and start Docker, or run the tests without N8N_IMAGE: they then install n8n from npm.',
	);
});
