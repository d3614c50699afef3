import type { Context, Hono } from 'hono';
import type { HttpExchange, Incoming, Outgoing } from './http-exchange.ts';

/** What a handler finds in `c.env`. */
export type HttpEnv = {
  readonly Bindings: {
    readonly incoming: Incoming;
    readonly outgoing: Outgoing;
    readonly exchange: HttpExchange;
  };
};

export type HttpApp = Hono<HttpEnv>;
export type HttpContext = Context<HttpEnv>;

/** Adds the routes of one resource to the application. */
export type HttpRoutes = (app: HttpApp) => void;
