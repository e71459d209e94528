import { getHFHubCachePath, HUB_URL } from '@huggingface/hub';
import { HybraError } from '@hybra/spec';

/** Where models come from and where they are kept. */
export interface HubSettings {
  /** Address of the hub, without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the endpoint alone, never to where it redirects. */
  readonly token?: string;
  /** The folder of `models--owner--name`, shared with other tools. */
  readonly cacheFolder: string;
  /** Whether only the cache is used. */
  readonly isOffline: boolean;
  /** Wait before the first retry; it doubles with each. */
  readonly retryMilliseconds: number;
}

/**
 * The settings that every tool of the ecosystem reads: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`, and for the
 * cache `HF_HUB_CACHE`, `HF_HOME`, else `~/.cache/huggingface/hub`.
 * @throws E_ARGUMENT for an endpoint or a token that cannot be one
 */
export function hubSettings(environment: NodeJS.ProcessEnv = process.env): HubSettings {
  const endpoint = (environment.HF_ENDPOINT?.trim() || HUB_URL).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    throw new HybraError(
      'E_ARGUMENT',
      `HF_ENDPOINT is ${endpoint}, expected an address with http or https.`,
      {
        endpoint,
      },
    );
  }
  const token = environment.HF_TOKEN?.trim();
  // Checked here because the platform's own error would print it.
  if (token && !/^[\x21-\x7e]+$/.test(token)) {
    throw new HybraError('E_ARGUMENT', 'HF_TOKEN holds characters that no token has. Set it again.');
  }
  return {
    endpoint,
    ...(token && { token }),
    cacheFolder: getHFHubCachePath(),
    isOffline: /^(1|on|yes|true)$/i.test(environment.HF_HUB_OFFLINE ?? ''),
    retryMilliseconds: 500,
  };
}
