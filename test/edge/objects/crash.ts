export const live = async (): Promise<Response> => new Response();
export const recover = live;
export const judge = live;
