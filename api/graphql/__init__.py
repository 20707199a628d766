"""The GraphQL schema: types, resolvers, limits."""
