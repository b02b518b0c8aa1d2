"""The shop: catalogue, cart, checkout and account, with the SDK in use."""
