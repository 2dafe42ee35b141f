// What the whole page shares: whether a token is needed, and a number that grows when the server tells of a change.
export const live = $state({ login: false, changes: 0, now: Date.now(), me: null });
