def summary(*a):
    return {}
