"""Is the person of the output the person of the source?"""
